import { type EventLog, type LogBounds, type LogReading, MemoryLog } from '@downstream/core'
import { eventLogSuite, FaultyLog } from '@downstream/testing'

const bounds = { length: 250 }

describe('MemoryLog', () => {
  eventLogSuite({
    test,
    create: () => ({ log: new MemoryLog(bounds), bounds }),
    without: ['connect', 'clear', 'cut', 'scanned'],
  })
})

describe('several FaultyLogs without a fault, on one MemoryLog', () => {
  eventLogSuite({
    test,
    create() {
      const engine = new CountingLog(bounds)
      const logs: FaultyLog[] = []
      const connect = () => {
        const log = new FaultyLog(engine)
        logs.push(log)
        return log
      }
      return {
        log: connect(),
        bounds,
        connect,
        clear() {
          for (const log of logs) log.reset('log-changed')
        },
        cut() {
          for (const log of logs) log.down()
          return () => {
            for (const log of logs) log.up()
          }
        },
        scanned: () => engine.scanned,
      }
    },
  })
})

/** Counts the entries that reads give. */
class CountingLog extends MemoryLog implements EventLog {
  scanned = 0

  override async read(after: string, bounds: LogBounds): Promise<LogReading> {
    const reading = await super.read(after, bounds)
    if (!reading.gap) this.scanned += reading.entries.length
    return reading
  }
}
