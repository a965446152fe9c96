import * as zlib from 'node:zlib'
import { crc32 } from '../../wire/crc32.ts'

/** Node's own crc32, which exists since 20.15, or ours. */
export const checksum: (bytes: Buffer) => number =
  (zlib as { crc32?: (bytes: Buffer) => number }).crc32 ?? crc32
