import { setTimeout as sleep } from 'node:timers/promises'

const photos = Array.from({ length: 24 }, (_, index) => `IMG_${2041 + index}.jpg`)

/** Work that takes a while: it resizes photos, or would. Yields what the page shows, and stops when `signal` aborts. */
export async function* resizePhotos(stepMs: number, fail: boolean, signal: AbortSignal) {
  yield { event: 'photos', data: photos }
  for (const [index, photo] of photos.entries()) {
    await sleep(stepMs * (0.5 + Math.random()), undefined, { signal })
    if (fail && index === 15) {
      // A run sends its clients nothing of what its source throws: the reason has to be an event.
      yield { event: 'failure', data: `${photo} is damaged` }
      throw new Error(`${photo} is damaged`)
    }
    yield { event: 'progress', data: { photo, finished: index + 1 } }
  }
}
