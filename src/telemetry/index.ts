export { createLogger, type Logger, type LogLevel } from './logger.ts';
export { createMetrics, type Metrics } from './metrics.ts';
export { keepCounts, type MetricsSnapshot, sumOfMetrics } from './sum.ts';
