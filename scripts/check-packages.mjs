// `npm run check:packages`: packs what would be published, lints the tarballs, and installs them in an empty ESM and an
// empty CommonJS project, where a small program serves and reads events through Express and through Fastify.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packPackages, readManifest } from './pack-packages.mjs'

const root = process.cwd()

const temporary = mkdtempSync(join(tmpdir(), 'check-packages-'))
try {
  // A clean build, so that no file of an earlier build gets into a tarball.
  for (const name of readdirSync('packages'))
    rmSync(`packages/${name}/dist`, { recursive: true, force: true })
  run(root, 'npm', 'run', 'build')

  const tarballs = [...packPackages(temporary).values()]
  for (const tarball of tarballs) {
    run(root, 'node_modules/.bin/publint', 'run', tarball, '--strict')
    run(
      root,
      'node_modules/.bin/attw',
      tarball,
      '--no-definitely-typed',
      '--exclude-entrypoints',
      'browser.js',
    )
  }

  const frameworks = [
    `express@${readManifest('packages/express/node_modules/express').version}`,
    `fastify@${readManifest('packages/fastify/node_modules/fastify').version}`,
  ]
  for (const [kind, header] of Object.entries({ esm: esmHeader(), cjs: cjsHeader() })) {
    const project = join(temporary, kind)
    mkdirSync(project)
    writeFileSync(
      join(project, 'package.json'),
      JSON.stringify({ type: kind === 'esm' ? 'module' : 'commonjs' }),
    )
    writeFileSync(join(project, 'main.js'), `${header}\n${program()}`)
    run(project, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', ...frameworks, ...tarballs)
    run(project, 'node', 'main.js')
  }
  console.log('Packages: packed, linted, installed and used as ESM and as CommonJS.')
} catch (error) {
  console.error(String(error))
  process.exitCode = 1
} finally {
  rmSync(temporary, { recursive: true, force: true })
}

function esmHeader() {
  return `
    import express from 'express'
    import Fastify from 'fastify'
    import * as core from '@downstream/core'
    import * as testing from '@downstream/testing'
    import * as redis from '@downstream/redis'
    import { connect } from '@downstream/client'
    import { sse as expressSse } from '@downstream/express'
    import fastifySse from '@downstream/fastify'`
}

function cjsHeader() {
  return `
    const express = require('express')
    const Fastify = require('fastify')
    const core = require('@downstream/core')
    const testing = require('@downstream/testing')
    const redis = require('@downstream/redis')
    const { connect } = require('@downstream/client')
    const expressSse = require('@downstream/express')
    const fastifySse = require('@downstream/fastify')`
}

// It must end by itself: nothing in the packages may keep a process alive.
function program() {
  return `
    const assert = (condition, message) => { if (!condition) throw new Error(message) }

    async function main() {
      for (const [name, exports] of Object.entries({ core, testing, redis })) {
        assert(Object.keys(exports).length > 0, '@downstream/' + name + ' exports nothing')
      }

      const expressApp = express()
      expressApp.use(expressSse())
      expressApp.get('/n', (req, res) => res.sse(['a', 'b']))
      const server = await new Promise((resolve) => {
        const server = expressApp.listen(0, '127.0.0.1', () => resolve(server))
      })
      await readEvents('Express', 'http://127.0.0.1:' + server.address().port + '/n')
      await new Promise((resolve) => server.close(resolve))

      const fastifyApp = Fastify()
      await fastifyApp.register(fastifySse)
      fastifyApp.get('/n', (req, reply) => reply.sse(['a', 'b']))
      await readEvents('Fastify', (await fastifyApp.listen({ port: 0, host: '127.0.0.1' })) + '/n')
      await fastifyApp.close()
    }

    async function readEvents(name, url) {
      const response = await fetch(url)
      const type = response.headers.get('content-type')
      assert(type === 'text/event-stream', name + ' answered with the content type ' + type)
      const body = await response.text()
      const data = body.split('\\n').filter((line) => line.startsWith('data:'))
      assert(data.join() === 'data: a,data: b', name + ' sent ' + JSON.stringify(body))
      const received = []
      for await (const event of connect(url)) {
        received.push(event.data)
        if (received.length === 2) break
      }
      assert(received.join() === 'a,b', 'connect() received ' + received)
      console.log(name + ': ' + data.join(', '))
    }

    main().catch((error) => { console.error(error); process.exit(1) })`
}

/**
 * Runs a command without output; if it fails, shows its output.
 * @param {string} cwd
 * @param {string[]} command
 */
function run(cwd, ...command) {
  const [program = '', ...args] = command
  const shown = command.join(' ').replaceAll(`${temporary}/`, '')
  console.log(`- ${shown}`)
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8', timeout: 180_000 })
  if (status === 0) return
  console.error(`${stdout}${stderr}`)
  throw new Error(`Failed: ${shown}`)
}
