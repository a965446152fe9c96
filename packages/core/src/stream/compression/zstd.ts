import { compressedBlock, rawBlocks, ZSTD_END, ZSTD_HEADER } from '../../wire/zstd.ts'
import type { ContentCoding } from './content-coding.ts'

/** One frame for the whole response. Without a checksum: it would be one of another kind for each response. */
export const zstd: ContentCoding = {
  header: ZSTD_HEADER,
  stored: rawBlocks,
  compressed: compressedBlock,
  end: () => ZSTD_END,
}
