import { channel } from 'node:diagnostics_channel'
import type { DiagnosticsChannel } from '../process/diagnostics-channel.ts'

/** The message of `downstream:run:start`: this process starts to produce a run. */
export interface RunStartMessage {
  readonly id: string
}

/** The message of `downstream:run:end`: this process has stopped producing it. */
export interface RunEndMessage {
  readonly id: string
  readonly status: 'done' | 'stopped' | 'failed' | 'lost'
  /** In ms. */
  readonly duration: number
}

export const startDiagnostics: DiagnosticsChannel<RunStartMessage> = channel('downstream:run:start')
export const endDiagnostics: DiagnosticsChannel<RunEndMessage> = channel('downstream:run:end')
