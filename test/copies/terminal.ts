import { delimiter } from 'node:path'

/** The environment of a user's terminal: npm and pnpm add the programs and packages of our workspace to ours. */
export function terminal(): NodeJS.ProcessEnv {
  const { NODE_PATH: _, PATH = '', ...env } = process.env
  return {
    ...env,
    PATH: PATH.split(delimiter)
      .filter((path) => !path.includes('node_modules'))
      .join(delimiter),
  }
}
