import type { EventEmitter } from 'node:events'
import type { Readable } from 'node:stream'
import { SseError } from '../errors.ts'
import { describe } from '../wire/describe.ts'
import type { ServerSentEvent } from '../wire/server-sent-event.ts'
import { type EventStreamResponse, isResponse } from './event-stream-response.ts'

/** One item of a source: an event, a string (its data), or bytes of UTF-8 text (its data, one event for each chunk). */
export type SourceItem = ServerSentEvent | string | Utf8Bytes

/**
 * A `Uint8Array` or `Buffer`, identified by its tag. With all its members in the union, an editor would complete a
 * yielded object with those instead of the fields of an event.
 */
interface Utf8Bytes {
  readonly [Symbol.toStringTag]: 'Uint8Array'
}

/**
 * The part of a web `ReadableStream` that is needed. With all its members, TypeScript would take an SDK's stream for
 * one.
 */
interface WebReadable {
  getReader(): Pick<ReadableStreamDefaultReader<SourceItem>, 'read' | 'cancel'>
}

/**
 * A source of many events. A Node Readable is an async iterable. So is an async generator; generators are listed
 * nevertheless, because TypeScript then explains which field of an item is wrong.
 */
export type EventSourceLike =
  | AsyncGenerator<SourceItem, unknown, unknown>
  | Generator<SourceItem | Promise<SourceItem>, unknown, unknown>
  | AsyncIterable<SourceItem>
  | (Iterable<SourceItem | Promise<SourceItem>> & object)
  | WebReadable
  | EventStreamResponse

/** Events, or a function that returns them, or a function that sends them itself and returns nothing. */
export type SourceFor<Context> =
  | EventSourceLike
  | ((context: Context) => EventSourceLike | Nothing | Promise<EventSourceLike | Nothing>)

// biome-ignore lint/suspicious/noConfusingVoidType: a function without a return statement returns void
type Nothing = undefined | void

/** An item that a {@link Pull} delivers, with its full type. */
export type PulledItem = ServerSentEvent | string | Uint8Array

/** The common interface to all kinds of sources. */
export interface Pull<T = PulledItem> {
  next(): Promise<IteratorResult<T>>
  /** Stops a source that has not ended. */
  cancel(): unknown
}

/** Whether `value` can be a source. A string is iterable too, but one event per character is never intended. */
export function isSource(value: unknown): value is SourceFor<never> {
  if (typeof value === 'function') return true
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return false
  return (
    Symbol.asyncIterator in value || Symbol.iterator in value || 'getReader' in value || isResponse(value)
  )
}

/** Checks the shape, because there are several promise classes. */
export function isPromise<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | undefined)?.then === 'function'
}

/** @throws {@link SseError} ERR_SSE_INVALID_SOURCE */
export function pullFrom(source: EventSourceLike): Pull {
  if (!isSource(source) || typeof source === 'function' || isResponse(source)) throw invalidSource(source)
  if ('getReader' in source) {
    const reader = source.getReader()
    return { next: () => reader.read() as Promise<IteratorResult<PulledItem>>, cancel: () => reader.cancel() }
  }
  if (Symbol.asyncIterator in source) {
    const iterator = source[Symbol.asyncIterator]() as AsyncIterator<PulledItem>
    return { next: () => iterator.next(), cancel: cancelOf(source, iterator) }
  }
  const iterator = source[Symbol.iterator]() as Iterator<PulledItem | Promise<PulledItem>>
  return { next: () => nextValue(iterator), cancel: () => iterator.return?.() }
}

/** Stops a source, and ignores an error that it throws because of that. */
export async function cancelQuietly(pull: Pick<Pull, 'cancel'>): Promise<void> {
  try {
    await pull.cancel()
  } catch {}
}

/** The error for a value that is not a source. */
export function invalidSource(value: unknown): SseError {
  return new SseError(
    'ERR_SSE_INVALID_SOURCE',
    `A source must be an async iterable, an iterable, a stream or a function that returns one; got ${describe(value)}. To send one event, call stream.send().`,
  )
}

/**
 * The function that stops a source. A Readable's iterator would wait for its pending read: forever when the source is
 * idle.
 */
function cancelOf(source: object, iterator: AsyncIterator<unknown>): () => unknown {
  const readable = isReadable(source) ? source : inputOf(source)
  if (readable === undefined) return () => iterator.return?.()
  // Before the first read and after the last one no other code listens, so an 'error' of an aborted signal, or of a
  // failure to stop, would be uncaught. A readline Interface forwards the errors of its input.
  if (isEmitter(source)) source.on('error', () => {})
  return () => {
    readable.destroy()
    if (readable !== source) return iterator.return?.()
  }
}

/** The input of a readline Interface, a file for example. Closing the Interface alone leaves it open. */
function inputOf(source: object): Readable | undefined {
  return 'input' in source && isReadable(source.input) ? source.input : undefined
}

function isReadable(source: unknown): source is Readable {
  return isEmitter(source) && 'destroy' in source && typeof source.destroy === 'function'
}

function isEmitter(source: unknown): source is EventEmitter {
  return typeof source === 'object' && source !== null && 'on' in source && typeof source.on === 'function'
}

/** Behaves as `for await` does with an iterable of promises: one that rejects ends the iteration. */
async function nextValue<T>(iterator: Iterator<T | Promise<T>>): Promise<IteratorResult<T>> {
  const step = iterator.next()
  if (step.done) return { done: true, value: undefined }
  try {
    return { done: false, value: await step.value }
  } catch (error) {
    iterator.return?.()
    throw error
  }
}
