import { type ConnectOptions, connect, type SourceState } from '@downstream/client'
import { useEffect, useState } from 'react'

export function useEvent<Data>(url: string, name: string, options?: ConnectOptions) {
  const [data, setData] = useState<Data>()
  const [state, setState] = useState<SourceState>('connecting')
  // biome-ignore lint/correctness/useExhaustiveDependencies: options written in place are a new object at each render.
  useEffect(() => {
    const source = connect<Record<string, Data>>(url, options)
    source.on(name, (data) => setData(() => data))
    source.onState((state) => setState(state))
    return source.close
  }, [url, name])
  return { data, state }
}
