export { type CalledTool, type Settlement, ToolLedger, type ToolLedgerOptions } from './ledger.ts';
export { asText } from './results.ts';
export type { Tool, ToolArgs, ToolContext, ToolDeclaration, ToolResult } from './tool.ts';
