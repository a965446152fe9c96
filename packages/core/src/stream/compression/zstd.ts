import { compressedBlock, rawBlocks, ZSTD_END, ZSTD_HEADER } from '../../wire/zstd.ts'
import type { ContentCoding } from './content-coding.ts'

/**
 * One frame for the whole response. It has no checksum: Zstandard's covers the whole response, so it would differ for
 * each one and could not be shared.
 */
export const zstd: ContentCoding = {
  header: ZSTD_HEADER,
  stored: rawBlocks,
  compressed: compressedBlock,
  end: () => ZSTD_END,
}
