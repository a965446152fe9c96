// Jest's environment for Node, and a way around its module registry: each test file loads all its modules anew.
import { createRequire } from 'node:module'
import { TestEnvironment } from 'jest-environment-node'

export default class Environment extends TestEnvironment {
  /** @param {ConstructorParameters<typeof TestEnvironment>} args */
  constructor(...args) {
    super(...args)
    // For load-once.ts.
    Object.assign(this.global, { requireOnce: createRequire(import.meta.url) })
  }
}
