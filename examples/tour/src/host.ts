/** Where both servers listen. In a container it has to be every address: `HOST=::`. */
export const host = process.env.HOST || 'localhost'
