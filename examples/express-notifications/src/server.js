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
const events = sse({ retry: 1000 })

app.use(events)
app.use(express.static(path.join(__dirname, '../public')))
app.use('/client.js', express.static(require.resolve('@downstream/client/browser.js')))
app.use(express.json({ limit: '16kb' }))

// Here everyone may choose any user. In an app with a login, take the user from the session.
app.param('user', (_req, res, next, user) => {
  res.locals.inbox = inboxes.get(user)
  if (res.locals.inbox) next()
  else res.status(404).json({ error: `There is no user ${user}.` })
})

/**
 * What a page shows at first. One function for all pages: those of one user that ask within a second share a reading.
 *
 * @param {string} channel
 */
function readState(channel) {
  return channel === 'everybody' ? { users } : inboxes.get(channel.slice('user:'.length))
}

app.get('/inbox/:user/events', (req, res) => {
  hub.subscribe(res.sse(), ['everybody', `user:${req.params.user}`], { snapshot: readState })
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
