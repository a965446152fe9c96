import type { LogFollower } from '@downstream/core'

/** Turns the errors of a follower into warnings: a follower that throws must still receive the later entries. */
export function guardedFollower(follower: LogFollower): LogFollower {
  const guard = (call: () => void) => {
    try {
      call()
    } catch (error) {
      process.emitWarning(String(error))
    }
  }
  return {
    start: (head, backlog) => guard(() => follower.start(head, backlog)),
    entries: (batch) => guard(() => follower.entries(batch)),
    reset: (head, reason) => guard(() => follower.reset(head, reason)),
    state: (up, error) => guard(() => follower.state(up, error)),
  }
}
