// `npm start`: the tour, on Express at PORT (3000) and on Fastify at the port after it.

// `kill` on npm ends npm and its shell without a signal to this process, which then has another parent.
if (process.env.npm_lifecycle_event === 'start') {
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    process.kill(process.pid, 'SIGTERM')
  }, 200).unref()
}

await import('../examples/tour/src/server.ts')
