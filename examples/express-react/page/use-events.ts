import { type ConnectOptions, connect, type SourceState } from '@downstream/client'
import { useEffect, useState } from 'react'

type Apply<Events, Data> = { [Name in keyof Events]?: (event: Events[Name], data?: Data) => Data | undefined }

export function useEvents<Events, Data>(url: string, apply: Apply<Events, Data>, options?: ConnectOptions) {
  const [data, setData] = useState<Data>()
  const [state, setState] = useState<SourceState>('connecting')
  // biome-ignore lint/correctness/useExhaustiveDependencies: objects written in place are new at each render.
  useEffect(() => {
    const source = connect<Events>(url, options)
    for (const name in apply) source.on(name, (event) => setData((data) => apply[name]?.(event, data)))
    source.onState((state) => setState(state))
    return source.close
  }, [url])
  return { data, state }
}
