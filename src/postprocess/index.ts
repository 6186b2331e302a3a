export {
  type Afterwards,
  type AfterwardsFor,
  type AnalysisWishes,
  EVENT_TYPES,
  type EventType,
  type Receiver,
  type RecordFormat,
} from './afterwards.ts';
export { analysedBy } from './analysis/analysed.ts';
export { analysisStep } from './analysis/analysis-step.ts';
export type { AskingOptions, AskModel } from './analysis/asking.ts';
export { findPersonalData } from './analysis/find-personal-data.ts';
export { type Announcer, type AnnouncerOptions, createAnnouncer } from './announcer.ts';
export { type BullBrowserOptions, createBullBrowser } from './bullmq-browser.ts';
export { type BullQueueOptions, createBullQueue } from './bullmq-queue.ts';
export { type BullWorkerOptions, createBullWorker } from './bullmq-worker.ts';
export { type PriceList, type Prices, withCallCost } from './cost.ts';
export { findRecord } from './find-record.ts';
export { type Job, parseJob } from './job.ts';
export {
  JOB_STATES,
  type JobBrowser,
  type JobDetail,
  type JobState,
  type JobSummary,
  type RunAgain,
  type RunAgainResult,
} from './job-browser.ts';
export type { Attempt, JobCounts, JobQueue, Process, Worker, WorkerOptions } from './queue.ts';
export { loadQueueBoard, type QueueBoard, type QueueBoardOptions } from './queue-board.ts';
export { gaugeQueue } from './queue-gauge.ts';
export { withFindingCost } from './redact/found.ts';
export { REDACTABLE, type Redaction, redactRecord } from './redact/redact-record.ts';
export { RETRY, type RetryPolicy } from './retry.ts';
export { Spool } from './spool.ts';
export { createSpoolBrowser, type SpoolBrowserOptions } from './spool-browser.ts';
export { createSpoolQueue } from './spool-queue.ts';
export { createSpoolWorker } from './spool-worker.ts';
export { deliverAnalysed, deliverWebhook } from './steps/deliver-webhook.ts';
export { recordFile } from './steps/record-file.ts';
export { AT_FIRST, type Progress, type Step } from './steps/step.ts';
export { writeAnalysed } from './steps/write-analysed.ts';
export { writeRecord } from './steps/write-record.ts';
export { asText, writeText } from './steps/write-text.ts';
export { writeVtt } from './steps/write-vtt.ts';
export { createProcessor } from './worker.ts';
