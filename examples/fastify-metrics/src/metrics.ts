import { subscribe } from 'node:diagnostics_channel'
import type { Hub, StreamCloseMessage, StreamOpenMessage, StreamRefuseMessage } from '@downstream/fastify'
import { Counter, Gauge, Histogram, register } from 'prom-client'

/** Registers the metrics for Prometheus. Call it before the first stream opens. */
export function registerMetrics(app: { readonly sse: { readonly size: number } }, hub: Hub): typeof register {
  gauge('sse_streams_open', 'Open event streams', () => app.sse.size)
  gauge('sse_hub_lagging', 'Streams that are not up to date', () => hub.stats().lagging)
  gauge('sse_hub_behind_seconds', 'How far this process is behind its log', () => hub.stats().behind / 1000)
  gauge('sse_log_up', 'Whether the log can be reached', () => (hub.stats().log === 'up' ? 1 : 0))

  const closed = new Counter({
    name: 'sse_streams_closed_total',
    help: 'Streams that are over, by reason',
    labelNames: ['code'],
  })
  const refused = new Counter({
    name: 'sse_streams_refused_total',
    help: 'Streams that were refused, by reason',
    labelNames: ['reason'],
  })
  const sent = new Counter({ name: 'sse_events_sent_total', help: 'Events sent to streams that are over' })
  const lifetime = new Histogram({
    name: 'sse_stream_lifetime_minutes',
    help: 'How long streams live, in minutes',
    buckets: [0.05, 0.1, 0.5, 1, 2, 5, 15, 60, 240, 1440],
  })
  const timeToHeaders = new Histogram({
    name: 'sse_time_to_headers_seconds',
    help: 'From the request to the headers of the stream',
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2],
  })

  const requested = new WeakMap<object, number>()
  subscribe('http.server.request.start', (message) => {
    requested.set((message as { request: object }).request, performance.now())
  })
  subscribe('downstream:stream:open', (message) => {
    const at = requested.get((message as StreamOpenMessage).request)
    if (at !== undefined) timeToHeaders.observe((performance.now() - at) / 1000)
  })
  subscribe('downstream:stream:close', (message) => {
    const { code, duration, events } = message as StreamCloseMessage
    closed.inc({ code })
    sent.inc(events)
    lifetime.observe(duration / 60_000)
  })
  subscribe('downstream:stream:refuse', (message) => {
    refused.inc({ reason: (message as StreamRefuseMessage).reason })
  })
  return register
}

function gauge(name: string, help: string, read: () => number): void {
  new Gauge({
    name,
    help,
    collect() {
      this.set(read())
    },
  })
}
