import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** How many ms a child process may take to end by itself. */
const KILL_AFTER = 8_000

/** The groups of the running children. */
const groups = new Set<number>()

// However this process ends, no child remains.
process.on('exit', () => {
  for (const group of groups) killGroup(group)
})

/**
 * Registers a child to be ended with this process.
 *
 * @param child - `detached`, so that it leads a group: a terminal sends Ctrl-C to its whole own group
 */
export function adopt<Child extends ChildProcess>(child: Child): Child {
  const { pid } = child
  if (pid !== undefined) {
    groups.add(pid)
    child.once('exit', () => groups.delete(pid))
  }
  return child
}

/** Asks a child to end, and kills it if it does not. Resolves when it has ended. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const killTimer = setTimeout(killGroup, KILL_AFTER, child.pid)
  await exited
  clearTimeout(killTimer)
}

function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL')
  } catch {
    // It has just ended by itself.
  }
}
