export { type AskGoogle, googleCredentials, type LiveHeaders, liveHeaders } from './auth.ts';
export { endpoint } from './endpoint.ts';
export { type Answer, type AskModel, createTextModel, type Question, type TextBackend } from './generate.ts';
export type { LiveHandlers, LiveUsage, SeedTurn, ToolAnswer, ToolCall } from './handlers.ts';
export type { LiveRoute } from './route.ts';
export { type LiveOptions, type LiveSession, openLiveSession } from './session.ts';
export type { FunctionDeclaration, LiveBackend, LiveModelFeatures, LiveSettings, TurnTaking } from './settings.ts';
export { type Dial, type DialHandlers, type DialTarget, dialWebSocket, type LiveSocket, mindSocket } from './socket.ts';
export { type ServerMessage, serverMessage } from './wire.ts';
