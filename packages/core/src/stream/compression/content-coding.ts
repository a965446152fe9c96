/**
 * A content coding for streams: every write is compressed by itself, with the text that the client received right
 * before it as the dictionary. Nothing is kept per connection, so any number of connections can share the result. Bytes
 * are strings with one character per byte.
 */
export interface ContentCoding {
  /** The beginning of a response. */
  readonly header: string
  /** The bytes uncompressed, plus a few for the format. */
  stored(bytes: string): string
  /**
   * @param dictionary - the bytes that the client received right before these
   */
  compressed(bytes: Buffer, dictionary: Buffer): string
  /** The end of a response. `crc` and `length` are those of all the text that was sent. */
  end(crc: number, length: number): string
}
