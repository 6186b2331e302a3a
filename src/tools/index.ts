export { fitted } from './declaration.ts';
export type { FunctionContext, FunctionTool, ToolKit } from './define-tool.ts';
export { type CalledTool, type Settlement, ToolLedger, type ToolLedgerOptions } from './ledger.ts';
export { asText } from './results.ts';
export { plainText, type Template } from './template.ts';
export type {
  CallActions,
  Destination,
  TakenMessage,
  Tool,
  ToolArgs,
  ToolContext,
  ToolDeclaration,
  ToolResult,
} from './tool.ts';
export { type AnyToolSpec, Toolbox, type ToolboxDeps } from './toolbox.ts';
export { wordsOf } from './words.ts';
