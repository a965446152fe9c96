import { invalidOption } from '../../wire/invalid-option.ts'

/** A content coding that a stream can have. */
export type StreamCoding = 'gzip' | 'zstd'

/** How streams are compressed: the option `compression`. */
export interface CompressionOptions {
  /**
   * `shared`: events of a hub are compressed once for all streams that receive the same text. Text for a single stream
   * is not compressed, and no compressed text refers to it. `own`: everything is compressed separately for this stream,
   * which costs a run of the compressor per write and up to 65 KB of memory.
   */
  mode: 'shared' | 'own'
  /**
   * Which codings may be used, in order of preference. `zstd` needs fewer bytes for large events that repeat, and more
   * for small ones; fewer clients support it. There is no brotli, also not for `own`: it needs a compressor per stream,
   * of at least a quarter of a megabyte. Default: `['gzip']`.
   */
  encodings?: readonly StreamCoding[] | undefined
  /** Writes of fewer bytes are not compressed. Default: 64. */
  minBytes?: number | undefined
}

/** The checked options, with their defaults. */
export interface ResolvedCompression {
  readonly mode: 'shared' | 'own'
  readonly encodings: readonly StreamCoding[]
  readonly minBytes: number
}

const MODES: readonly unknown[] = ['shared', 'own']
const CODINGS: readonly unknown[] = ['gzip', 'zstd']

/** @throws {@link SseError} ERR_SSE_INVALID_OPTION */
export function resolveCompression(value: unknown): ResolvedCompression | false {
  if (value === false) return false
  const options = typeof value === 'string' ? { mode: value } : value
  if (typeof options !== 'object' || options === null) throw invalidCompression(value)
  const { mode, encodings = ['gzip'], minBytes = 64, ...rest } = options as CompressionOptions
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined || !MODES.includes(mode)) throw invalidCompression(value)
  if (!Array.isArray(encodings) || !encodings.every((coding) => CODINGS.includes(coding))) {
    throw invalidOption('compression.encodings', "a list of 'gzip' and 'zstd'", encodings)
  }
  if (typeof minBytes !== 'number' || !(minBytes >= 0)) {
    throw invalidOption('compression.minBytes', 'a number of bytes, 0 or more', minBytes)
  }
  return { mode, encodings, minBytes }
}

function invalidCompression(value: unknown): Error {
  return invalidOption(
    'compression',
    "'shared', 'own', { mode: 'shared' or 'own', encodings, minBytes }, or false",
    value,
  )
}
