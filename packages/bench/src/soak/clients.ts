// The clients of the soak, all of them in this process: good and bad ones, each checked by the oracle.
import { setTimeout as sleep } from 'node:timers/promises'
import { createParser } from 'eventsource-parser'
import type { ClientsOptions, ClientsReport, Target, ToClients } from './messages.ts'
import { Course, Oracle } from './oracle.ts'
import { openHttp, openHttp2, openRaw, type Wire } from './wire.ts'

const { count, targets, life } = JSON.parse(String(process.argv[2])) as ClientsOptions
const oracle = new Oracle()
const totals = { open: 0, gaps: 0, runs: 0, connections: {} as Record<string, number> }
let finishing = false

/** How long a client may take, at the end, to receive what is still missing, in ms. */
const MAX_WAIT = 30_000

const ways = ['get', 'post', 'http/1.0', 'pipelined', 'http/2', 'head'] as const
const manners = ['reads', 'stalls', 'resets', 'half-closes', 'closes'] as const
type Way = (typeof ways)[number]

function pick<T>(list: readonly T[]): T {
  return list[Math.floor(Math.random() * list.length)] as T
}

/** A client that follows channels of a hub, over one connection after another. */
class Client {
  readonly name: string
  readonly #target: Target
  readonly #channels: string[]
  readonly #courses = new Map<string, Course>()
  /** Its recent ids, and its position at each. */
  readonly #history: { id: string; numbers: Map<string, number | undefined> }[] = []
  #id = ''
  /** The id that it sent is unknown: a gap must come first. */
  #forged = false
  #wire: Wire | undefined

  constructor(name: string, target: Target) {
    this.name = name
    this.#target = target
    this.#channels = [pick(target.channels), pick(target.channels)]
    for (const channel of this.#channels) this.#courses.set(channel, new Course())
  }

  async live(): Promise<void> {
    await sleep(Math.random() * Math.min(life, 10_000))
    while (!finishing) {
      this.#choosePosition()
      await this.#connect(pick(ways), pick(manners))
      await sleep(100 + Math.random() * 900)
    }
    this.#forged = false
  }

  /** Follows without interruption until it has everything. */
  async finish(deadline: number): Promise<void> {
    while (!this.isComplete && Date.now() < deadline) {
      await this.#connect('get', 'reads', deadline)
      await sleep(200)
    }
    for (const [channel, course] of this.#courses) oracle.ends(this.name, channel, course)
  }

  get isComplete(): boolean {
    return [...this.#courses].every(([channel, course]) => oracle.isComplete(channel, course))
  }

  leave(): void {
    this.#wire?.close()
  }

  /** Usually its last id; sometimes an older one, or an unknown one. */
  #choosePosition(): void {
    this.#forged = false
    const dice = Math.random()
    const old = pick(this.#history)
    if (dice < 0.1 && old !== undefined) {
      this.#id = old.id
      for (const [channel, course] of this.#courses) course.rewind(old.numbers.get(channel))
      this.#history.length = 0
    } else if (dice < 0.15 && this.#id !== '') {
      this.#id = pick(['forged', `${this.#id}x`, '0-0', '1'.repeat(200), 'ffffffffffff-zz'])
      this.#forged = true
      this.#history.length = 0
    }
  }

  #connect(way: Way, manner: (typeof manners)[number], deadline = 0): Promise<void> {
    totals.connections[way] = (totals.connections[way] ?? 0) + 1
    totals.open++
    return new Promise((resolve) => {
      const timers: NodeJS.Timeout[] = []
      let over = false
      const parser = createParser({
        onEvent: ({ event, id, data }) => {
          if (!over) this.#take(event ?? 'message', id ?? '', data)
          if (finishing && this.isComplete) wire.close()
        },
      })
      const wire = this.#open(way, {
        onText: (text) => parser.feed(text),
        onEnd: () => {
          over = true
          for (const timer of timers) clearTimeout(timer)
          totals.open--
          resolve()
        },
      })
      this.#wire = wire
      if (finishing) {
        timers.push(setTimeout(() => wire.close(), Math.max(0, deadline - Date.now())))
        return
      }
      const end = life * (0.1 + Math.random())
      const act = {
        reads() {},
        stalls: wire.pause,
        resets: wire.reset,
        'half-closes': wire.halfClose,
        closes: wire.close,
      }
      timers.push(setTimeout(act[manner], end / 2))
      timers.push(setTimeout(wire.resume, end * 0.9))
      timers.push(setTimeout(wire.close, end))
    })
  }

  #open(way: Way, listener: Parameters<typeof openHttp>[3]): Wire {
    const { ports, http2Port } = this.#target
    const port = pick(ports)
    const path = `/events?${this.#channels.map((channel) => `channel=${channel}`).join('&')}`
    const headers = this.#id === '' ? {} : { 'Last-Event-ID': this.#id }
    if (way === 'http/2' && http2Port !== undefined) return openHttp2(http2Port, path, headers, listener)
    const lines = Object.entries({ Host: 'localhost', ...headers }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    )
    const request = (path: string, version: string) => `GET ${path} HTTP/${version}\r\n${lines.join('')}\r\n`
    if (way === 'http/1.0') return openRaw(port, [request(path, '1.0')], listener)
    if (way === 'pipelined') return openRaw(port, [request('/short', '1.1'), request(path, '1.1')], listener)
    const method = way === 'post' ? 'POST' : way === 'head' ? 'HEAD' : 'GET'
    return openHttp(method, `http://127.0.0.1:${port}${path}`, headers, listener)
  }

  #take(event: string, id: string, data: string): void {
    if (id !== '') this.#remember(id)
    if (event === 'gap') {
      totals.gaps++
      this.#forged = false
      for (const course of this.#courses.values()) course.gap()
      return
    }
    if (event !== 'message') return
    if (this.#forged) {
      this.#forged = false
      oracle.silent(this.name, `received an event without a gap after an unknown id`)
      for (const course of this.#courses.values()) course.rewind(undefined)
    }
    const [channel = '', number] = data.split(' ')
    const course = this.#courses.get(channel)
    if (course !== undefined) oracle.take(this.name, channel, course, Number(number))
    // Note what the client has received up to this id.
    this.#note()
  }

  #remember(id: string): void {
    this.#id = id
  }

  #note(): void {
    const numbers = new Map(
      [...this.#courses].map(([channel, { last, leaps }]) => [channel, leaps ? undefined : last]),
    )
    this.#history.push({ id: this.#id, numbers })
    if (this.#history.length > 20) this.#history.shift()
  }
}

/** A client that starts a run and follows it to its end, despite everything in between. */
async function followRuns(name: string, target: Target): Promise<void> {
  for (let n = 0; !finishing; n++) {
    const id = `${name}-${n}`
    await request('POST', `http://127.0.0.1:${pick(target.ports)}/runs/${id}`)
    const course = new Course()
    let lastId = ''
    let status: string | undefined
    const stopAt = Math.random() < 0.2 ? 20 : Number.POSITIVE_INFINITY
    while (status === undefined && !finishing) {
      await new Promise<void>((resolve) => {
        const parser = createParser({
          onEvent: ({ event, id: eventId, data }) => {
            if (eventId !== undefined) lastId = eventId
            if (event === 'gap') course.rewind(undefined)
            else if (event === 'end') {
              ;({ status } = JSON.parse(data))
              wire.close()
            } else if (event === undefined) {
              oracle.take(name, id, course, Number(data))
              if (Number(data) === stopAt)
                void request('DELETE', `http://127.0.0.1:${pick(target.ports)}/runs/${id}`)
            }
          },
        })
        const headers = lastId === '' ? {} : { 'Last-Event-ID': lastId }
        const url = `http://127.0.0.1:${pick(target.ports)}/runs/${id}`
        const wire = openHttp('GET', url, headers, {
          onText: (text) => parser.feed(text),
          onEnd: () => resolve(),
        })
        setTimeout(wire.close, life * (0.1 + Math.random())).unref()
      })
      await sleep(200)
    }
    totals.runs++
    if (status === 'done' && course.last !== undefined && course.last !== 40) {
      oracle.published(id, 40, true)
      oracle.ends(name, id, course)
    }
  }
}

function request(method: string, url: string): Promise<number> {
  return new Promise((resolve) => {
    const wire = openHttp(method, url, {}, { onText() {}, onEnd: resolve })
    setTimeout(wire.close, 10_000).unref()
  })
}

const clients: Client[] = []
const lives: Promise<void>[] = []
for (let n = 0; n < count; n++) {
  // One in fifty follows runs.
  const target = targets[n % 4 === 0 ? targets.length - 1 : 0] as Target
  if (n % 50 === 49) lives.push(followRuns(`run-${n}`, target))
  else {
    const client = new Client(`client-${n}`, target)
    clients.push(client)
    lives.push(client.live())
  }
}

const report = (more: Partial<ClientsReport> = {}) =>
  process.send?.({ ...totals, events: oracle.events, ...more } satisfies ClientsReport)
setInterval(report, 2_000).unref()

/** A few hundred at a time: all of them at once would exceed the time limit on a busy machine. */
async function finishAll(): Promise<void> {
  const waiting = [...clients]
  const finishNext = async () => {
    for (let client = waiting.pop(); client !== undefined; client = waiting.pop()) {
      await client.finish(Date.now() + MAX_WAIT)
    }
  }
  await Promise.all(Array.from({ length: 200 }, finishNext))
}

process.on('message', async (message: ToClients) => {
  if (message !== 'finish') {
    for (const one of message.published) oracle.published(...one)
    return
  }
  finishing = true
  for (const client of clients) client.leave()
  await Promise.race([Promise.all(lives), sleep(life * 1.5 + 5_000)])
  await finishAll()
  report({ verdict: oracle.judge(), notes: oracle.notes })
  setTimeout(() => process.exit(0), 500)
})
