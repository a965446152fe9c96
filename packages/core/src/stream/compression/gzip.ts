import { constants, deflateRawSync } from 'node:zlib'
import { GZIP_HEADER, gzipEnd, storedBlocks } from '../../wire/gzip.ts'
import type { ContentCoding } from './content-coding.ts'

/** One gzip member for the whole response: browsers stop reading after the first. */
export const gzip: ContentCoding = {
  header: GZIP_HEADER,
  stored: storedBlocks,
  compressed: (bytes, dictionary) =>
    deflateRawSync(bytes, {
      finishFlush: constants.Z_SYNC_FLUSH,
      ...(dictionary.length > 0 && { dictionary }),
    }).toString('latin1'),
  end: gzipEnd,
}
