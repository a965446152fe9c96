const maxLength = 50

/** The notifications of a user. Use your database here. */
class Inbox {
  /** The newest last. @type {{ number: number }[]} */
  notifications = []
  /** The number of the newest that the user has read. */
  readUpTo = 0

  /** @param {{ number: number }} notification */
  add(notification) {
    this.notifications.push(notification)
    if (this.notifications.length > maxLength) this.notifications.shift()
  }

  markAllRead() {
    this.readUpTo = this.notifications.at(-1)?.number ?? 0
  }
}

module.exports = { Inbox }
