export { type SseCloseCode, SseError, type SseErrorCode } from './errors.ts'

// The event stream format
export { encodeComment, encodeEvent, type Serialize, serializeJson } from './wire/encode.ts'
export type { ExtraHeaders, HeaderValue } from './wire/head.ts'
export type { ParsedEvent } from './wire/event-stream-parser.ts'
export { checkOptionNames, invalidOption } from './wire/invalid-option.ts'
export { readLastEventId } from './wire/last-event-id.ts'
export { type ParseOptions, parseEventStream } from './wire/parse-event-stream.ts'
export type { ServerSentEvent } from './wire/server-sent-event.ts'

// One response
export type { EndOptions, EventStream, Source } from './stream/event-stream.ts'
export type { EventStreamOptions } from './stream/event-stream-options.ts'
export type { CompressionOptions, StreamCoding } from './stream/compression/compression-options.ts'
export type { Request, Response } from './stream/exchange.ts'
export type { EventStreamResponse } from './source/event-stream-response.ts'
export { openEventStream, type PreparedEventStream } from './stream/open-event-stream.ts'
export type { EventSourceLike, SourceItem } from './source/source.ts'

// Messages of diagnostics channels
export type { HubGapMessage, HubPublishMessage, LogStateMessage } from './hub/hub-diagnostics.ts'
export type { RunEndMessage, RunStartMessage } from './run/run-diagnostics.ts'
export type {
  StreamCloseMessage,
  StreamOpenMessage,
  StreamRefuseMessage,
  StreamSummary,
} from './stream/stream-diagnostics.ts'

// Limits on open streams
export type { AdmissionOptions, OriginCheck, StreamLimits } from './group/admission-options.ts'
export type { StreamStats } from './group/open-streams.ts'
export type { Refuse, RefuseReason } from './stream/refusal.ts'

// Many streams
export type { ChannelMap, EventMap, HubEvent } from './hub/channel-map.ts'
export type { ControlEventNames, Gap, GapReason } from './hub/control-event.ts'
export { createHub } from './hub/create-hub.ts'
export type { EventsOf } from './hub/events-of.ts'
export type {
  Hub,
  EventsOptions,
  HubItem,
  HubChannel,
  HubOptions,
  HubStats,
  PublishedEvent,
  PublishedOn,
  ReadyOptions,
  SubscribeOptions,
} from './hub/hub.ts'

// Where the events of a hub are stored
export { entryBytes } from './log/entry-bytes.ts'
export type {
  Cursor,
  EventLog,
  LogBounds,
  LogEntry,
  LogFollower,
  LogReading,
  NewLogEntry,
} from './log/event-log.ts'
export { MemoryLog } from './log/memory-log.ts'

// Runs: answers that continue when their page is closed
export { createRuns } from './run/create-runs.ts'
export { MemoryRunStore } from './run/memory-run-store.ts'
export type { RunControlEvents, RunGapReason } from './run/run-control-event.ts'
export type { RunState, RunStatus } from './run/run-state.ts'
export type {
  NewRun,
  RunAttempt,
  RunClaim,
  RunListener,
  RunPlace,
  RunReading,
  RunStart,
  RunStore,
} from './run/run-store.ts'
export type {
  RunContext,
  RunOptions,
  RunSource,
  Runs,
  RunsCloseOptions,
  RunsOptions,
  StartedRun,
} from './run/runs.ts'

// For adapters of frameworks
export type { ClosableServer, CloseOptions } from './stream/shutdown.ts'
export type { SseMethod, SseMethodHost } from './group/sse-method.ts'
export { type GroupOptions, StreamGroup } from './group/stream-group.ts'
export type { Target } from './stream/exchange.ts'
