// Over HTTP/1.1 a browser opens at most six connections to one origin, for all of its tabs; the seventh request
// silently waits. So the streams of all tabs share five places, and one connection is left for everything else.
const places = ['stream 1', 'stream 2', 'stream 3', 'stream 4', 'stream 5']
const mine = new Set()

/**
 * Resolves with a function that releases the place. If none is free, the place is taken from the page that has held one
 * for longest, and `onLost` is called there.
 */
export async function takePlace(onLost) {
  // A browser has no locks on plain HTTP, except on localhost. Without locks a seventh stream waits.
  if (!navigator.locks) return () => {}
  for (const name of places) {
    const release = await lock(name, { ifAvailable: true }, onLost)
    if (release) return release
  }
  const [oldest] = places.filter((name) => !mine.has(name)).sort((a, b) => takenAt(a) - takenAt(b))
  return lock(oldest, { steal: true }, onLost)
}

function lock(name, options, onLost) {
  return new Promise((resolve) => {
    const locked = navigator.locks.request(name, options, (lock) => {
      if (!lock) return resolve(undefined)
      mine.add(name)
      localStorage.setItem(name, Date.now())
      return new Promise((release) => {
        resolve(() => {
          mine.delete(name)
          release()
        })
      })
    })
    // It rejects when another page takes the place.
    locked.catch(() => {
      mine.delete(name)
      onLost()
    })
  })
}

function takenAt(name) {
  return Number(localStorage.getItem(name))
}
