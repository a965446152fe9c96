import { hub } from '../hub.ts'
import { every } from '../tempo.ts'

/** Three events; the data of each is text of several lines. */
export type NotificationEvents = { info: string; success: string; warning: string }

export type NotificationType = keyof NotificationEvents

export interface Notification {
  type: NotificationType
  text: string
}

const texts: Record<NotificationType, string[]> = {
  info: [
    'Maintenance tonight\nThe lift rests from two to three.',
    'Καλημέρα\nThe bakery on the quay has opened.',
    'New timetable\nFerries leave on the hour from Monday.',
  ],
  success: [
    'Доставлено\nParcel 4711 is with the neighbour.',
    'Backup complete\n12 480 files, none skipped.',
    'Paiement reçu\nThe invoice of November is settled.',
  ],
  warning: [
    'High water\nThe lower path is closed until noon.',
    'Sturmböen möglich\nWind from the north-west, 70 km/h.',
    'Disk almost full\n3 GB left on the media server.',
  ],
}
const types = Object.keys(texts) as NotificationType[]
let turn = 0

/** The newest, the oldest first. */
export const notifications: Notification[] = []

export function readNotificationType(value: unknown): NotificationType | undefined {
  return types.find((type) => type === value)
}

// #region notifications
export function notify(type: NotificationType): void {
  const text = nextText(type)
  notifications.push({ type, text })
  notifications.splice(0, notifications.length - 4)
  hub.publish('notifications', { event: type, data: text })
}

export function startNotifications(): void {
  for (const type of types) notify(type)
  every(15_000, () => notify(types[turn++ % types.length] ?? 'info'))
}
// #endregion

function nextText(type: NotificationType): string {
  const text = texts[type].shift() ?? ''
  texts[type].push(text)
  return text
}
