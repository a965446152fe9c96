/** The address of both servers. In a container it must be every address: `HOST=::`. */
export const host = process.env.HOST || 'localhost'
