const path = require('node:path')
const { createHub, sse } = require('@downstream/express')
const express = require('express')
const { Inbox } = require('./inbox.js')

const port = Number(process.env.PORT || 3000)

const types = ['message', 'order', 'alert']
const users = ['Ada', 'Grace', 'Linus']
const inboxes = new Map(users.map((user) => [user, new Inbox()]))
let lastNumber = 0

const hub = createHub()
const app = express()
// The page writes hub.cursor() into the URL. After a lost connection the browser's Last-Event-ID takes precedence.
const events = sse({ retry: 1000, lastEventIdParameter: 'after' })

app.use(events)
app.use(express.static(path.join(__dirname, '../public')))
app.use(express.json({ limit: '16kb' }))

// Here everyone may choose any user. In an app with a login, take the user from the session.
app.param('user', (_req, res, next, user) => {
  res.locals.inbox = inboxes.get(user)
  if (res.locals.inbox) next()
  else res.status(404).json({ error: `There is no user ${user}.` })
})

app.get('/inbox/:user', (_req, res) => {
  // The cursor first: the page receives a notification in between twice, and recognizes it by its number.
  const cursor = hub.cursor()
  res.set('Cache-Control', 'no-store').json({ cursor, users, ...res.locals.inbox })
})

app.get('/inbox/:user/events', (req, res) => {
  hub.subscribe(res.sse(), ['everybody', `user:${req.params.user}`])
})

app.post('/inbox/:user/read', async (req, res) => {
  const { inbox } = res.locals
  inbox.markAllRead()
  // For the other tabs and devices of this user.
  await hub.publish(`user:${req.params.user}`, { event: 'read', data: { readUpTo: inbox.readUpTo } })
  res.sendStatus(204)
})

app.post('/notifications', async (req, res) => {
  const { type, from, to, text } = req.body ?? {}
  const receivers = users.filter((user) => to === user || to === 'everybody')
  if (!types.includes(type) || !users.includes(from) || receivers.length === 0 || !isText(text)) {
    res
      .status(400)
      .json({ error: 'A notification has a type, a sender, a receiver and up to 200 characters.' })
    return
  }
  const time = new Date().toISOString()
  const notification = { number: ++lastNumber, type, from, to, text: text.trim(), time }
  for (const user of receivers) inboxes.get(user)?.add(notification)
  const channel = to === 'everybody' ? to : `user:${to}`
  await hub.publish(channel, { event: type, data: notification })
  res.status(201).json(notification)
})

/** @param {unknown} value */
function isText(value) {
  return typeof value === 'string' && value.trim() !== '' && value.length <= 200
}

const server = app.listen(port, (error) => {
  if (error)
    throw new Error(`Cannot listen on port ${port}. Choose another: PORT=${port + 10} npm start`, {
      cause: error,
    })
  console.log(`http://localhost:${port}`)
})

async function stop() {
  await events.close({ server })
  await hub.close()
}

process.on('SIGINT', stop)
process.on('SIGTERM', stop)
