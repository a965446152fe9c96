import { execFileSync } from 'node:child_process'

/** How many files, and so connections, a process may have open. Node raises its soft limit to the hard one by itself. */
export function openFiles() {
  const limit = execFileSync('/bin/sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim()
  return limit === 'unlimited' ? 1_000_000 : Number(limit)
}
