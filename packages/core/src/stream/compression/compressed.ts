import type { ContentCoding } from './content-coding.ts'

/**
 * The bytes to send for a text: compressed if that makes them smaller.
 *
 * @param dictionary - the text that the client received right before; '' if none may be referred to
 */
export function compressed(
  bytes: Buffer,
  dictionary: string,
  coding: ContentCoding,
  minBytes: number,
): string {
  if (bytes.length >= minBytes) {
    const wire = coding.compressed(bytes, Buffer.from(dictionary))
    if (wire.length <= bytes.length) return wire
  }
  return coding.stored(bytes.toString('latin1'))
}
