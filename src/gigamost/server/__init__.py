"""The ASGI side: routes from the faces' data, authentication first, answers and errors in the client's own form."""
