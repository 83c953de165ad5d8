/**
 * LISTEN on a connection of its own, reconnected when it breaks. Notifications sent meanwhile are lost, so after a
 * reconnect `onGap` is called; listeners must not rely on notifications alone.
 */
import pg from 'pg'

const RECONNECT_MS = 1000

export interface Listener {
  close(): Promise<void>
}

export function listen(
  url: string,
  handlers: Readonly<Record<string, (payload: string) => void>>,
  onGap: () => void,
): Listener {
  let closed = false
  let current: pg.Client | undefined
  let timer: NodeJS.Timeout | undefined

  const connect = async (): Promise<void> => {
    const client = new pg.Client({ connectionString: url, keepAlive: true })
    current = client
    let over = false
    const again = (): void => {
      if (over || closed) return
      over = true
      void client.end().catch(() => {})
      timer = setTimeout(() => void connect(), RECONNECT_MS)
    }
    client.on('error', again)
    client.on('end', again)
    client.on('notification', ({ channel, payload }) => handlers[channel]?.(payload ?? ''))
    try {
      await client.connect()
      for (const channel of Object.keys(handlers))
        await client.query(`LISTEN ${pg.escapeIdentifier(channel)}`)
      onGap()
    } catch {
      again()
    }
  }
  void connect()

  return {
    async close() {
      closed = true
      clearTimeout(timer)
      await current?.end().catch(() => {})
    },
  }
}
