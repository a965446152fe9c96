import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { createHub, sse } from '@downstream/express'
import express, { type RequestHandler } from 'express'
import session from 'express-session'
import { isPasswordOf, isUser } from './users.ts'

declare module 'express-session' {
  interface SessionData {
    user: string
  }
}

interface Note {
  from: string
  text: string
  time: string
}

const port = Number(process.env.PORT || 3000)
const secret = process.env.SESSION_SECRET || randomBytes(32).toString('hex')

/** The newest notes to each user. */
const notes = new Map<string, Note[]>()
const hub = createHub<{ [channel: `user:${string}`]: { note: Note } }>()

const app = express()
// maxAge: a stream outlives the login with which it was opened. It ends after this time at most; then the login is checked.
const events = sse({ retry: 1000, maxAge: 15 * 60_000 })

app.use(events)
app.use(express.static(fileURLToPath(new URL('../public', import.meta.url))))
app.use('/client.js', express.static(fileURLToPath(import.meta.resolve('@downstream/client/browser.js'))))
app.use(express.json({ limit: '16kb' }))
// SameSite: other sites' pages cannot make a browser send the cookie, neither with a form nor with an EventSource.
app.use(session({ secret, resave: false, saveUninitialized: false, cookie: { sameSite: 'strict' } }))

/** Before `res.sse()` the response is an ordinary one, and can have an ordinary status. */
const requireLogin: RequestHandler = (req, res, next) => {
  res.locals.user = req.session.user
  if (res.locals.user !== undefined) next()
  else res.status(401).json({ error: 'Log in first.' })
}

app.post('/login', async (req, res, next) => {
  const { user, password } = req.body ?? {}
  if (!(await isPasswordOf(user, password))) {
    res.status(401).json({ error: 'Wrong name or password.' })
    return
  }
  // A new session: a session that an attacker has planted must not become a login.
  req.session.regenerate((error) => {
    if (error) return next(error)
    req.session.user = user
    res.json({ user })
  })
})

app.post('/logout', requireLogin, (req, res, next) => {
  // First the session, then the streams: the browsers reconnect and must be refused.
  req.session.destroy((error) => {
    if (error) return next(error)
    hub.disconnect(res.locals.user)
    res.sendStatus(204)
  })
})

// Not a 401: the page sends this request when it loads, and a browser logs every 401 as an error.
app.get('/me', (req, res) => {
  const { user } = req.session
  const mine = user === undefined ? [] : (notes.get(user) ?? [])
  res.set('Cache-Control', 'no-store').json({ user, cursor: hub.cursor(), notes: mine })
})

app.get('/events', requireLogin, (_req, res) => {
  const { user } = res.locals
  hub.subscribe(res.sse(), `user:${user}`, { key: user })
})

app.post('/notes', requireLogin, async (req, res) => {
  const { to, text } = req.body ?? {}
  if (!isUser(to) || typeof text !== 'string' || text.trim() === '' || text.length > 500) {
    res.status(400).json({ error: 'A note has a receiver and up to 500 characters.' })
    return
  }
  const note = { from: res.locals.user, text: text.trim(), time: new Date().toISOString() }
  notes.set(to, [...(notes.get(to) ?? []), note].slice(-20))
  await hub.publish(`user:${to}`, { event: 'note', data: note })
  res.status(201).json(note)
})

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
