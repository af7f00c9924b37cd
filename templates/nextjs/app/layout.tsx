import type { Metadata } from 'next'
import type { ReactNode } from 'react'
import { siteName } from './site'
import './globals.css'

export const metadata: Metadata = {
  title: { default: siteName, template: `%s · ${siteName}` },
}

export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <main>{children}</main>
      </body>
    </html>
  )
}
