/**
 * The only file that knows how a run is stored.
 *
 * A run is one Redis Stream. We number its entries, `<attempt>-<number>`:
 *
 *     <attempt>-0           p producer, s startedAt, t ttl, m maxBytes
 *     <attempt>-1, -2, …    b bytes of all events so far, e text of the event
 *     <attempt>-2^64-1      b bytes, n events, x status, a endedAt
 *
 * Redis refuses an id that is not greater than the newest, so nothing can be added after the end, whichever process
 * believes to be the producer: that is the fencing. A run that replaces another is a new stream with another attempt.
 *
 * `<tag>:leases` is a sorted set: producer -> until when it is considered alive, in ms of the clock of Redis. Each process
 * has one member, however many runs it has. Any process that finds a run whose producer's lease has expired ends it as
 * `lost`, in the same step.
 *
 * Changes of a run are published on the channel of its key, in the format in which it is read.
 */
import { Script } from './script.ts'

const PRELUDE = `
local LAST = '18446744073709551615'

local function int(number) return string.format('%.0f', number) end

local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function fields(entry)
  local found = {}
  for i = 1, #entry[2], 2 do found[entry[2][i]] = entry[2][i + 1] end
  return found
end

local function numberOf(entry) return tonumber(string.match(entry[1], '-(%d+)$')) end

local function load(key)
  local oldest = redis.call('XRANGE', key, '-', '+', 'COUNT', 1)[1]
  if not oldest then return nil end
  local newest = redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)[1]
  local start, last = fields(oldest), fields(newest)
  return {
    attempt = string.match(oldest[1], '^%d+'), producer = start.p, startedAt = start.s, ttl = start.t,
    maxBytes = tonumber(start.m), status = last.x or 'running', endedAt = last.a or '',
    events = tonumber(last.n) or numberOf(newest), bytes = tonumber(last.b) or 0,
  }
end

local function page(key, run, after, count)
  return redis.call('XRANGE', key, run.attempt .. '-' .. int(after + 1), run.attempt .. '-18446744073709551614',
    'COUNT', count)
end

local function reply(run, first, texts)
  local parts = { run.attempt, run.status, int(run.events), int(run.bytes), run.startedAt, run.endedAt,
    run.producer, int(first) }
  for i = 1, #texts do parts[8 + i] = texts[i] end
  return parts
end

local function announce(key, run, first, texts)
  redis.call('PUBLISH', key, cjson.encode(reply(run, first, texts)))
end

local function finish(key, leases, run, status)
  run.status, run.endedAt = status, int(clock())
  redis.call('XADD', key, run.attempt .. '-' .. LAST, 'b', int(run.bytes), 'n', int(run.events), 'x', status,
    'a', run.endedAt)
  redis.call('PEXPIRE', key, run.ttl)
  announce(key, run, run.events + 1, {})
  redis.call('PUBLISH', leases .. ':' .. run.producer, cjson.encode({ key, run.attempt, status }))
end

local function leaseOf(leases, run) return tonumber(redis.call('ZSCORE', leases, run.producer) or '0') end

local function judge(key, leases, run, slack)
  if run.status ~= 'running' then return end
  if leaseOf(leases, run) + slack < clock() then finish(key, leases, run, 'lost') end
end

local function renew(leases, producer, span, keep)
  redis.call('ZADD', leases, int(clock() + span), producer)
  redis.call('PEXPIRE', leases, keep)
end

local key, leases = KEYS[1], KEYS[2]
`

/** `[key, leases] [slack, attempt, replace, producer, ttl, maxBytes, keep, span, keepLeases]` -> the run */
export const startRun: Script = new Script(`${PRELUDE}
local attempt = ARGV[2]
local run = load(key)
if run and run.attempt ~= attempt then
  judge(key, leases, run, tonumber(ARGV[1]))
  if run.status == 'running' or ARGV[3] == '' then return reply(run, run.events + 1, {}) end
  redis.call('DEL', key)
  run = nil
end
if not run then
  redis.call('XADD', key, attempt .. '-0', 'p', ARGV[4], 's', int(clock()), 't', ARGV[5], 'm', ARGV[6])
  run = load(key)
  announce(key, run, 1, {})
end
redis.call('PEXPIRE', key, ARGV[7])
renew(leases, ARGV[4], tonumber(ARGV[8]), ARGV[9])
return reply(run, 1, {})
`)

/** `[key, leases] [attempt, first, keep, ...events]` -> the status of the run: stored if it is `running` */
export const appendEvents: Script = new Script(`${PRELUDE}
local first = tonumber(ARGV[2])
local run = load(key)
if not run or run.attempt ~= ARGV[1] then return 'lost' end
if run.status ~= 'running' then return run.status end
-- Events that Redis had confirmed are missing, after a failover or a restart with an older state.
if run.events < first - 1 then
  finish(key, leases, run, 'lost')
  return 'lost'
end
local texts = {}
local announced = run.events + 1
for i = 4, #ARGV do
  local number = first + i - 4
  -- A command is sent again when its answer was lost: it must not store an event twice.
  if number > run.events then
    run.bytes = run.bytes + #ARGV[i]
    redis.call('XADD', key, run.attempt .. '-' .. int(number), 'b', int(run.bytes), 'e', ARGV[i])
    texts[#texts + 1] = ARGV[i]
  end
end
run.events = math.max(run.events, first + #ARGV - 4)
local count = 1
while run.bytes > run.maxBytes do
  local dropped = {}
  for _, entry in ipairs(page(key, run, 0, count)) do
    local event = fields(entry)
    local before = tonumber(event.b) - #event.e
    if run.bytes - before <= run.maxBytes or numberOf(entry) == run.events then break end
    dropped[#dropped + 1] = entry[1]
  end
  if #dropped == 0 then break end
  redis.call('XDEL', key, unpack(dropped))
  count = 100
end
redis.call('PEXPIRE', key, ARGV[3])
announce(key, run, announced, texts)
return 'running'
`)

/** `[key, leases] [attempt, status]` -> the status of the run */
export const endRun: Script = new Script(`${PRELUDE}
local run = load(key)
if not run or run.attempt ~= ARGV[1] then return 'lost' end
if run.status == 'running' then finish(key, leases, run, ARGV[2]) end
return run.status
`)

/** `[key, leases] [attempt]`: removes a run whose start was not confirmed to its process */
export const abandonRun: Script = new Script(`${PRELUDE}
local run = load(key)
if not run or run.attempt ~= ARGV[1] then return end
redis.call('DEL', key)
redis.call('PUBLISH', key, '[]')
`)

/** `[key, leases] [slack, attempt, number, limit]` -> the run and its events after the number */
export const readRun: Script = new Script(`${PRELUDE}
local run = load(key)
if not run then return {} end
judge(key, leases, run, tonumber(ARGV[1]))
local after, limit = 0, tonumber(ARGV[4])
if ARGV[2] == run.attempt then after = math.min(tonumber(ARGV[3]), run.events) end
local entries = page(key, run, after, math.max(limit, 1))
local first = entries[1] and numberOf(entries[1]) or run.events + 1
local texts = {}
for i = 1, math.min(#entries, limit) do texts[i] = fields(entries[i]).e end
return reply(run, first, texts)
`)

/**
 * `[key, leases] [slack]` -> how many ms the producer is still considered alive if this call has stopped the run,
 * otherwise `''`; then the run
 */
export const stopRun: Script = new Script(`${PRELUDE}
local run = load(key)
if not run then return {} end
judge(key, leases, run, tonumber(ARGV[1]))
local alive = ''
if run.status == 'running' then
  alive = int(math.max(leaseOf(leases, run) + tonumber(ARGV[1]) - clock(), 0))
  finish(key, leases, run, 'stopped')
end
local parts = reply(run, run.events + 1, {})
table.insert(parts, 1, alive)
return parts
`)

/**
 * `[leases, leases] [producer, span, keep]` -> producers whose lease has expired. Renews the lease of the producer for
 * `span` ms unless that is `''`, and sends the producer a message, by which it checks its subscription.
 */
export const beat: Script = new Script(`${PRELUDE}
if ARGV[2] ~= '' then renew(leases, ARGV[1], tonumber(ARGV[2]), ARGV[3]) end
redis.call('PUBLISH', leases .. ':' .. ARGV[1], '"beat"')
redis.call('ZREMRANGEBYSCORE', leases, '-inf', int(clock() - tonumber(ARGV[3])))
return redis.call('ZRANGEBYSCORE', leases, '-inf', int(clock()))
`)
