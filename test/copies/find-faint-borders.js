// @ts-nocheck: it runs in the page.

/** WCAG 1.4.11: the border of a field has a contrast of 3:1 or more to what is on both of its sides. */
function findFaintBorders() {
  const context = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d')
  /** @returns red, green, blue and alpha, whatever notation the color has */
  const toPixel = (color) => {
    context.clearRect(0, 0, 1, 1)
    context.fillStyle = color
    context.fillRect(0, 0, 1, 1)
    return [...context.getImageData(0, 0, 1, 1).data]
  }
  const luminance = (pixel) => {
    const [red, green, blue] = pixel.map((value) => {
      const part = value / 255
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const contrast = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b)
    return (light + 0.05) / (dark + 0.05)
  }
  const backgroundOf = (element) => {
    if (element === null) return [255, 255, 255, 255]
    const pixel = toPixel(getComputedStyle(element).backgroundColor)
    return pixel[3] === 0 ? backgroundOf(element.parentElement) : pixel
  }
  const fields = document.querySelectorAll('input:not([type=checkbox], [type=radio]), select, textarea')
  return [...fields]
    .filter((field) => field.checkVisibility())
    .flatMap((field) => {
      const border = toPixel(getComputedStyle(field).borderTopColor)
      const worst = Math.min(
        ...[field, field.parentElement].map((side) => contrast(border, backgroundOf(side))),
      )
      return worst >= 3 ? [] : [`the border of #${field.id} has a contrast of ${worst.toFixed(2)}`]
    })
}

findFaintBorders()
