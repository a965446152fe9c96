import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The programs that npm does not install. */
const programs = {
  redis: { commands: ['redis-server', 'valkey-server'], apt: 'redis-server', brew: 'redis' },
  nginx: { commands: ['nginx'], apt: 'nginx-light', brew: 'nginx' },
}

export type ProgramName = keyof typeof programs

/**
 * Where the programs are.
 *
 * @throws Error that says which are missing and how to install them
 */
export function findPrograms(names: readonly ProgramName[]): Map<ProgramName, string> {
  const paths = new Map<ProgramName, string>()
  for (const name of names) {
    const path = find(programs[name].commands)
    if (path !== undefined) paths.set(name, path)
  }
  const missing = names.filter((name) => !paths.has(name)).map((name) => programs[name])
  if (missing.length === 0) return paths
  throw new Error(
    `Missing on this machine: ${missing.map(({ commands }) => commands.join(' or ')).join(', ')}. To install:
  Debian, Ubuntu  sudo apt-get install --no-install-recommends ${missing.map(({ apt }) => apt).join(' ')}
  macOS           brew install ${missing.map(({ brew }) => brew).join(' ')}`,
  )
}

function find(commands: readonly string[]): string | undefined {
  const directories = (process.env.PATH ?? '').split(delimiter).filter(Boolean)
  // Debian installs servers in /usr/sbin, which is not in the PATH of every user.
  const beside = directories.map((directory) => directory.replace(/\/bin\/?$/, '/sbin'))
  return [...directories, ...beside]
    .flatMap((directory) => commands.map((command) => join(directory, command)))
    .find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
