import { type INestApplication, ValidationPipe } from '@nestjs/common';

/** What holds for every route; the tests' application is set up by it too. */
export function configureApp(app: INestApplication): void {
  app.useGlobalPipes(
    new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true }),
  );
}
