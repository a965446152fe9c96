import type { LogFollower } from '@downstream/core'

/** A follower whose errors become warnings: one that throws must still receive the later entries. */
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
