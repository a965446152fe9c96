export {
  type CloseOptions,
  type EventSourceLike,
  type EventStream,
  type EventStreamOptions,
  encodeEvent,
  openEventStream,
  type ServerSentEvent,
  type Source,
  type SourceItem,
  type SseCloseCode,
  SseError,
  type SseErrorCode,
  type SseMethod,
} from '@downstream/core'
export { type SseOptions, sse, sse as default } from './sse.ts'
