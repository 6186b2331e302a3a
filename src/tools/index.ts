export { type UnknownToolResponse, unknownTool } from './unknown.ts';
