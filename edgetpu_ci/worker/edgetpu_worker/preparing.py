"""An interpreter made ready to be invoked."""

from .failed import Failed


def allocate(interpreter, values):
    """Give each input the shape of its value, then let the runtime prepare."""
    try:
        for detail in interpreter.get_input_details():
            shape = values[detail["index"]].shape
            if shape != tuple(detail["shape"]):
                interpreter.resize_tensor_input(detail["index"], shape)
        interpreter.allocate_tensors()
    except Exception as error:
        kind = "no_delegate" if "edgetpu-custom-op" in str(error) else "allocate_failed"
        raise Failed(kind, error) from error


def fill(interpreter, values):
    """Copy the values, by tensor index, into the inputs."""
    for index, value in values.items():
        interpreter.set_tensor(index, value)
