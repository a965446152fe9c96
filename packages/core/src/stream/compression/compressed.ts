import type { ContentCoding } from './content-coding.ts'

/**
 * Text as it goes over the wire: compressed, where that makes it smaller.
 *
 * @param dictionary - what the client has had right before; '' for nothing that may be referred to
 */
export function compressed(
  bytes: Buffer,
  dictionary: string,
  coding: ContentCoding,
  minBytes: number,
): string {
  const stored = coding.stored(bytes.toString('latin1'))
  if (bytes.length < minBytes) return stored
  const wire = coding.compressed(bytes, Buffer.from(dictionary))
  return wire.length < stored.length ? wire : stored
}
