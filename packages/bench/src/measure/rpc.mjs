// Requests to a child process over its IPC channel, and its responses.

/** @typedef {import('node:child_process').ChildProcess} ChildProcess */

let asked = 0

/**
 * @template Answer
 * @param {ChildProcess} child
 * @param {string} command
 * @param {unknown} [input]
 * @param {number} [timeout] In ms. No request takes this long unless something is lost.
 * @returns {Promise<Answer>}
 */
export function ask(child, command, input, timeout = 120_000) {
  return new Promise((resolve, reject) => {
    const id = ++asked
    /** @param {{ id: number, result?: Answer, error?: string }} message */
    const onMessage = (message) => {
      if (message.id !== id) return
      stop()
      if (message.error === undefined) resolve(/** @type {Answer} */ (message.result))
      else reject(new Error(message.error))
    }
    const onExit = () => fail(`it ended (${child.signalCode ?? child.exitCode})`)
    /** @param {string} why */
    const fail = (why) => {
      stop()
      reject(new Error(`${child.spawnargs.slice(-2).join(' ')} did not answer '${command}': ${why}`))
    }
    const timer = setTimeout(() => fail(`${timeout} ms were over`), timeout)
    const stop = () => {
      clearTimeout(timer)
      child.off('message', onMessage).off('exit', onExit)
    }
    child.on('message', onMessage).on('exit', onExit)
    child.send({ id, command, input })
  })
}

/**
 * Sends a command without a response, which would cost the other process work.
 *
 * @param {ChildProcess} child
 * @param {string} command
 * @param {unknown} input
 */
export function tell(child, command, input) {
  child.send({ command, input })
}

/**
 * In the child: executes the commands, and ends with its parent.
 *
 * @param {Record<string, (input: never) => unknown>} commands
 */
export function answer(commands) {
  process.on('message', async (/** @type {{ id?: number, command: string, input: unknown }} */ message) => {
    const { id, command, input } = message
    try {
      const result = await commands[command]?.(/** @type {never} */ (input))
      if (id !== undefined) process.send?.({ id, result })
    } catch (error) {
      if (id === undefined) throw error
      process.send?.({ id, error: error instanceof Error ? error.stack : String(error) })
    }
  })
  process.on('disconnect', () => process.exit())
}
