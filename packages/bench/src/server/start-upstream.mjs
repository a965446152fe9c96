import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** Starts the upstream of a relay. @returns {Promise<string>} Its URL. */
export async function startUpstream() {
  const upstream = fork(fileURLToPath(new URL('./upstream.mjs', import.meta.url)))
  const [{ port }] = await once(upstream, 'message')
  // It ends with this process, and does not keep it alive.
  upstream.unref()
  upstream.channel?.unref()
  return `http://127.0.0.1:${port}`
}
