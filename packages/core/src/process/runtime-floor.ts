import { warnOnce } from './caution.ts'

/** The first versions that keep the promises of a stream, and what goes wrong in older ones. */
const FLOORS = [
  {
    runtime: 'bun',
    name: 'Bun',
    floor: '1.4.1',
    fault: "never emits the response's 'close', so no client is ever seen to disconnect",
  },
  {
    runtime: 'deno',
    name: 'Deno',
    floor: '2.7.14',
    fault: 'has no backpressure, so events for a client that does not read fill the memory',
  },
]

let isChecked = false

/** Warns once, at the first stream, on a version of Bun or Deno that cannot keep the promises of a stream. */
export function checkRuntime(
  versions: Readonly<Record<string, string | undefined>> = process.versions,
): void {
  if (isChecked) return
  isChecked = true
  for (const { runtime, name, floor, fault } of FLOORS) {
    const version = versions[runtime]
    if (version !== undefined && isBelow(version, floor)) {
      warnOnce('SSE_RUNTIME', `${name} ${version} ${fault}. Use ${name} ${floor} or newer.`)
    }
  }
}

/** Compares the three numbers of two versions; a prerelease counts as its release. */
function isBelow(version: string, floor: string): boolean {
  const numbers = version.split(/[.+-]/, 3).map(Number)
  for (const [index, least] of floor.split('.').map(Number).entries()) {
    const number = numbers[index] ?? 0
    if (number !== least) return number < least
  }
  return false
}
