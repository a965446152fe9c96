/**
 * A content coding as a stream needs it: every write is compressed by itself, given what the client has had right
 * before it. Nothing is kept for a connection, so any number of them can share the result. Bytes are strings of one
 * character a byte.
 */
export interface ContentCoding {
  /** What comes first in a response. */
  readonly header: string
  /** The bytes as they are, which cost a few more. */
  stored(bytes: string): string
  /** @param dictionary - the bytes that the client has had right before these */
  compressed(bytes: Buffer, dictionary: Buffer): string
  /** What comes last in a response. `crc` and `length` are those of everything that was sent. */
  end(crc: number, length: number): string
}
