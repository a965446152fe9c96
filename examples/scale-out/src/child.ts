import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** How long a child may take to end by itself, in ms. */
const PATIENCE = 8_000

/** The groups of those that are there. */
const groups = new Set<number>()

// However this process ends, it leaves none behind.
process.on('exit', () => {
  for (const group of groups) killGroup(group)
})

/**
 * Remembers a child for the end of this process.
 *
 * @param child - `detached`, so that it leads a group: a terminal sends Ctrl-C to all of its own
 */
export function adopt<Child extends ChildProcess>(child: Child): Child {
  const { pid } = child
  if (pid !== undefined) {
    groups.add(pid)
    child.once('exit', () => groups.delete(pid))
  }
  return child
}

/** Asks a child to end, and makes it. Resolves when it has. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const impatience = setTimeout(killGroup, PATIENCE, child.pid)
  await exited
  clearTimeout(impatience)
}

function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL')
  } catch {
    // It has just ended.
  }
}
