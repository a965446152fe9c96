// What is relayed: a process of its own that sends tokens, as a model's API does.
import { createServer } from 'node:http'
import { sendTokens } from './send-tokens.mjs'

const server = createServer(sendTokens).listen(0, '127.0.0.1', () => process.send?.(server.address()))
process.on('disconnect', () => process.exit())
