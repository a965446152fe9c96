import { resolveCompression } from '../../../src/stream/compression/compression-options.ts'

test.each([
  [false, false],
  [
    { mode: 'own', encodings: ['zstd', 'gzip'] },
    { mode: 'own', encodings: ['zstd', 'gzip'], minBytes: 64 },
  ],
  ['shared', { mode: 'shared', encodings: ['gzip'], minBytes: 64 }],
  [
    { mode: 'own', minBytes: 0 },
    { mode: 'own', encodings: ['gzip'], minBytes: 0 },
  ],
  [
    { mode: 'shared', encodings: undefined },
    { mode: 'shared', encodings: ['gzip'], minBytes: 64 },
  ],
])('%j', (given, resolved) => {
  expect(resolveCompression(given)).toEqual(resolved)
})

test.each([
  [true, 'compression'],
  [null, 'compression'],
  ['gzip', 'compression'],
  [{}, 'compression'],
  [{ mode: 'both' }, 'compression'],
  [{ mode: 'own', level: 9 }, 'compression'],
  [{ mode: 'own', encodings: ['deflate'] }, 'compression.encodings'],
  [{ mode: 'own', encodings: 'gzip' }, 'compression.encodings'],
  [{ mode: 'own', minBytes: -1 }, 'compression.minBytes'],
  [{ mode: 'own', minBytes: '1kb' }, 'compression.minBytes'],
])('%j is refused', (given, name) => {
  expect(() => resolveCompression(given)).toThrow(
    expect.objectContaining({
      code: 'ERR_SSE_INVALID_OPTION',
      message: expect.stringContaining(`ption ${name} `),
    }),
  )
})
