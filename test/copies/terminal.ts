import { delimiter } from 'node:path'

/** The environment of somebody's terminal: npm and pnpm put our workspace's programs and packages on the paths of ours. */
export function terminal(): NodeJS.ProcessEnv {
  const { NODE_PATH: _, PATH = '', ...env } = process.env
  return {
    ...env,
    PATH: PATH.split(delimiter)
      .filter((path) => !path.includes('node_modules'))
      .join(delimiter),
  }
}
